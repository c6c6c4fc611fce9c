"""How long the records of erasures are kept."""

from evently.lifecycle.registry import Kept, register

register(
    Kept(
        "erasures",
        "Proof that a person was erased, without the person (Art. 5 (2) GDPR); after a restore,"
        " people are erased again by it.",
        data="Proof that an account was deleted, without name and email address",
        until="as long as this site is run",
        ground="Accountability (Art. 5 (2) GDPR)",
    ),
    Kept("erasure_register", "One row: how far the register of erasures was written."),
)
