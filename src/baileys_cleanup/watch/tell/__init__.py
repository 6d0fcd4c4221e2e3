"""Telling people: alerts, services, pings."""
