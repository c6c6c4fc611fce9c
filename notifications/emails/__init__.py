"""Mails: what they say (`contents`), from which template, in which frame, and how they go out."""
