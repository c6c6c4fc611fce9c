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
    TemplateType.NOTIFICATION: (*ALL_EMAILS, "heading", "text", "buttonText", "buttonUrl"),
}
