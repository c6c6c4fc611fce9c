"""Simulated seasons of an event, sold by the price rule and at a fixed price."""
