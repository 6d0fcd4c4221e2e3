"""The watch: looks at companies and tells, so that nobody hears of a full folder from its bot."""
