"""The receipt of a waitlist entry: what has happened to it, when, and why.

Drawn from the public record (`story`), shortened where much has happened (`grouping`), and put into
words (`words`). What is older than the record is told from stored rows (`stored`). Other people are
counted, never named.
"""

from waitlists.receipt.building import Receipt, receipt_of, returned_seats_text

__all__ = ["Receipt", "receipt_of", "returned_seats_text"]
