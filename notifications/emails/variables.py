"""The placeholders that each template may have, by type."""

from notifications.models import TemplateType

ALL_EMAILS = ("siteName", "siteUrl", "accountUrl", "userName")
EVENT = ("eventName", "eventDate", "venue", "eventUrl")

VARIABLES: dict[TemplateType, tuple[str, ...]] = {
    TemplateType.WELCOME: (*ALL_EMAILS, "verifyUrl"),
    TemplateType.BOOKING_CONFIRM: (
        *ALL_EMAILS,
        *EVENT,
        "quantity",
        "bookingReference",
        "totalAmount",
        "paymentNote",
        "cancelNote",
        "ticketUrl",
        "ticketNote",
        "tickets",
    ),
    TemplateType.CANCELLATION: (
        *ALL_EMAILS,
        *EVENT,
        "quantity",
        "bookingReference",
        "cancelText",
        "refundNote",
    ),
    TemplateType.WAITLIST_JOIN: (
        *ALL_EMAILS,
        *EVENT,
        "quantity",
        "position",
        "maximumPrice",
        "entryUrl",
    ),
    TemplateType.WAITLIST_PROMOTION: (
        *ALL_EMAILS,
        *EVENT,
        "quantity",
        "totalAmount",
        "priceNote",
        "expiresAt",
        "claimUrl",
        "entryUrl",
    ),
    TemplateType.REMINDER: (
        *ALL_EMAILS,
        *EVENT,
        "holdings",
        "cancelNote",
        "buttonText",
        "buttonUrl",
    ),
    TemplateType.PAYMENT_REMINDER: (
        *ALL_EMAILS,
        *EVENT,
        "quantity",
        "bookingReference",
        "totalAmount",
        "payUntil",
        "paymentNote",
        "bookingUrl",
    ),
    TemplateType.EVENT_OVER: (*ALL_EMAILS, *EVENT, "contactNote"),
    TemplateType.ORGANIZER_MESSAGE: (
        *ALL_EMAILS,
        *EVENT,
        "messageSubject",
        "messageText",
        "replyNote",
        "buttonText",
        "buttonUrl",
    ),
    TemplateType.NOTIFICATION: (*ALL_EMAILS, "heading", "text", "buttonText", "buttonUrl"),
}

# Placeholders that are links, and may stand in `href`.
LINK_ENDING = "Url"

# Without which an email of the type is of no use: its recipient could not act on it.
REQUIRED: dict[TemplateType, tuple[str, ...]] = {
    TemplateType.WELCOME: ("verifyUrl",),
    TemplateType.BOOKING_CONFIRM: ("ticketUrl",),
    TemplateType.WAITLIST_PROMOTION: ("claimUrl", "expiresAt"),
    TemplateType.PAYMENT_REMINDER: ("bookingUrl", "payUntil"),
    TemplateType.ORGANIZER_MESSAGE: ("messageText",),
    TemplateType.NOTIFICATION: ("text", "buttonUrl"),
}

# As references are made; the day is that of the booking.
SAMPLE_REFERENCE = "EVT20260601A7K2M9QXWB"

# What each stands for, with an example: as the editor of templates shows it.
DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "siteName": ("The name of this site", ""),
    "siteUrl": ("Link to the home page", ""),
    "accountUrl": ("Link to the account of the recipient", ""),
    "userName": ("The name of the recipient", "Ada Lovelace"),
    "eventName": ("The name of the event", "Jazz in the Old Mill"),
    "eventDate": ("When the event takes place", "Thu 2 Jul 2099, 20:30 CEST"),
    "venue": ("Where the event takes place", "Old Mill, Ghent"),
    "eventUrl": ("Link to the page of the event", ""),
    "quantity": ("The number of seats", "2 seats"),
    "bookingReference": ("The reference of the booking", SAMPLE_REFERENCE),
    "totalAmount": ("The price of all seats", "€40.00"),
    "paymentNote": ("What is paid, or to be paid, and how", "€40.00 due at the entrance."),
    "cancelNote": (
        "Until when the booking can be cancelled",
        "If you cannot come, use the same link to cancel until Tue 30 Jun 2099, 20:30 CEST, so "
        "that others can attend.",
    ),
    "ticketUrl": ("Link to the tickets", ""),
    "ticketNote": (
        "How to use the tickets",
        "Show these codes on your phone or on paper; each admits one person.",
    ),
    "tickets": ("The tickets with their QR codes", ""),
    "cancelText": (
        "What was cancelled, by whom and why",
        f"the organizer has cancelled 2 seats for Jazz in the Old Mill ({SAMPLE_REFERENCE}). Their "
        "reason: The hall is too small.",
    ),
    "refundNote": (
        "What is paid back",
        "The price was €40.00. Please contact the organizer about a refund.",
    ),
    "position": ("The position on the waitlist", "3"),
    "maximumPrice": ("The most that the seats may cost", "€40.00"),
    "entryUrl": ("Link to the waitlist entry", ""),
    "priceNote": (
        "What the price of the offer means",
        "This is the most you pay: if the price has fallen by the time you claim, you pay less.",
    ),
    "expiresAt": ("Until when the seats are held", "Thu 2 Jul 2099, 12:00 CEST"),
    "claimUrl": ("Link to claim the seats, or to decline", ""),
    "verifyUrl": ("Link to confirm the email address", ""),
    "holdings": (
        "What the recipient has: bookings, tickets, a position on the waitlist",
        "You have 2 seats.",
    ),
    "payUntil": ("Until when the booking is reserved", "Thu 2 Jul 2099, 12:00 CEST"),
    "bookingUrl": ("Link to the booking", ""),
    "contactNote": (
        "How to reach the organizer",
        "Reply to this email to reach the organizer.",
    ),
    "messageSubject": ("The subject that the organizer wrote", "Doors open earlier"),
    "messageText": (
        "The text that the organizer wrote",
        "The doors open at 19:00.\n\nWe look forward to seeing you.",
    ),
    "replyNote": ("Where replies go", "If you reply to this email, they get it."),
    "heading": ("The heading of the email, also its subject", "Jazz in the Old Mill has changed"),
    "text": (
        "The message itself",
        "Jazz in the Old Mill has changed. The venue is now The Barn (before: Old Mill).",
    ),
    "buttonText": ("The label of the button", "Show my booking"),
    "buttonUrl": ("The link of the button", ""),
}


def is_link(name: str) -> bool:
    """Return whether a placeholder stands for a link."""
    return name.endswith(LINK_ENDING)
