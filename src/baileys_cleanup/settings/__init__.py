"""Settings: what people may write, and the frozen values made of it."""
