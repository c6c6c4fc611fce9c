"""Erasures of people: their signed receipts, and the register that outlives a restored backup."""
