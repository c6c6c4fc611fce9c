"""The placeholders that each template may have."""

from notifications.models import TemplateType

EVERY_MAIL = ("siteName", "siteUrl", "accountUrl", "userName")
OF_THE_EVENT = ("eventName", "eventDate", "venue", "eventUrl")

VARIABLES: dict[TemplateType, tuple[str, ...]] = {
    TemplateType.WELCOME: (*EVERY_MAIL, "verifyUrl"),
    TemplateType.BOOKING_CONFIRM: (
        *EVERY_MAIL,
        *OF_THE_EVENT,
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
        *EVERY_MAIL,
        *OF_THE_EVENT,
        "quantity",
        "bookingReference",
        "cancelText",
        "refundNote",
    ),
    TemplateType.WAITLIST_JOIN: (
        *EVERY_MAIL,
        *OF_THE_EVENT,
        "quantity",
        "position",
        "entryUrl",
    ),
    TemplateType.WAITLIST_PROMOTION: (
        *EVERY_MAIL,
        *OF_THE_EVENT,
        "quantity",
        "totalAmount",
        "priceNote",
        "expiresAt",
        "claimUrl",
        "entryUrl",
    ),
    TemplateType.NOTIFICATION: (*EVERY_MAIL, "heading", "text", "buttonText", "buttonUrl"),
}
