"""The decision: names, kinds, rules, guards and the plan. Pure: no store, no clock, no output."""
