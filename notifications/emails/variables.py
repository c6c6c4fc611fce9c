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
