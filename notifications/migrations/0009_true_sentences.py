"""Replace the default email templates by new versions, where organizers have not changed them.

As in 0006: `REPLACED` has the texts that the files in `notifications/shipped` had before. The
confirmation of a waitlist entry has a new placeholder, `maximumPrice`.
"""

from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parents[1] / "shipped"
NEW_VARIABLES = {"waitlist_join": ["maximumPrice"]}

# By type: subject, HTML and text, as they were.
REPLACED = {
    "booking_confirm": (
        "Your booking for {eventName}: {quantity}",
        """\
<h1>Your booking is confirmed</h1>
<p class="lead">Hello {userName}, you have {quantity} for <strong>{eventName}</strong>.</p>
<table class="facts">
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>Total</th><td class="fact">{totalAmount}</td></tr>
<tr><th>Reference</th><td class="fact">{bookingReference}</td></tr>
</table>
<p>{paymentNote}</p>
<a class="button" href="{ticketUrl}">Show my tickets</a>
<h2>At the entrance</h2>
<p>{ticketNote}</p>
{tickets}
<p class="muted">{cancelNote} The links in this email work without a password, so do not forward it. The attached file adds the event to your calendar.</p>
""",
        """\
Your booking is confirmed

Hello {userName}, you have {quantity} for {eventName}.

When:       {eventDate}
Where:      {venue}
Seats:      {quantity}
Total:      {totalAmount}
Reference:  {bookingReference}

{paymentNote}

Your tickets:
{ticketUrl}

At the entrance, each ticket admits one person:
{tickets}

{cancelNote}
The links work without a password, so do not forward this email.
The attached file adds the event to your calendar.

About the event: {eventUrl}
""",
    ),
    "cancellation": (
        "Cancelled: {quantity} for {eventName}",
        """\
<h1>Your booking is cancelled</h1>
<p class="lead">Hello {userName}, {cancelText}</p>
<table class="facts">
<tr><th>Event</th><td class="fact">{eventName}</td></tr>
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>Reference</th><td class="fact">{bookingReference}</td></tr>
</table>
<p>{refundNote}</p>
<a class="button" href="{eventUrl}">Show the event</a>
<p class="muted">The tickets of this booking are no longer valid. The attached file removes the event from your calendar.</p>
""",
        """\
Your booking is cancelled

Hello {userName}, {cancelText}

Event:      {eventName}
When:       {eventDate}
Where:      {venue}
Seats:      {quantity}
Reference:  {bookingReference}

{refundNote}

The tickets of this booking are no longer valid. The attached file
removes the event from your calendar.

About the event: {eventUrl}
""",
    ),
    "waitlist_join": (
        "You are on the waitlist for {eventName}",
        """\
<h1>You are on the waitlist</h1>
<p class="lead">Hello {userName}, you asked for {quantity} and are on the waitlist for <strong>{eventName}</strong>.</p>
<table class="facts">
<tr><th>Position</th><td class="fact">{position}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
</table>
<p>When seats become available, they are offered in order of position, skipping requests for more seats than are available. When it is your turn, you will be notified, with a link to claim the seats and the time until which they are held for you.</p>
<a class="button" href="{entryUrl}">Show my position</a>
<p class="muted">There you can also follow how your position changes, and leave the waitlist. The link works without a password, so do not forward this email.</p>
""",
        """\
You are on the waitlist

Hello {userName}, you asked for {quantity} and are on the waitlist
for {eventName}.

Position:   {position}
Seats:      {quantity}
When:       {eventDate}
Where:      {venue}

When seats become available, they are offered in order of position,
skipping requests for more seats than are available. When it is your
turn, you will be notified, with a link to claim the seats and the
time until which they are held for you.

Follow your position, or leave the waitlist:
{entryUrl}

The link works without a password, so do not forward this email.
""",
    ),
    "waitlist_promotion": (
        "Held for you until {expiresAt}: {quantity} for {eventName}",
        """\
<h1>It is your turn, {userName}</h1>
<p class="lead">We are holding {quantity} for <strong>{eventName}</strong> for you.</p>
<table class="notice" role="presentation"><tr><td class="notice">Held for you until <strong>{expiresAt}</strong>. After that, the offer expires.</td></tr></table>
<a class="button" href="{claimUrl}">Claim {quantity}</a>
<table class="facts">
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>Price</th><td class="fact">{totalAmount}</td></tr>
</table>
<p>{priceNote}</p>
<p class="muted">If you cannot come any more, please use the same link to decline, so that others can get an offer. The link works without a password, so do not forward this email.</p>
""",
        """\
It is your turn, {userName}

We are holding {quantity} for {eventName} for you.

Held for you until {expiresAt}.
After that, the offer expires. Claim {quantity}:
{claimUrl}

When:       {eventDate}
Where:      {venue}
Seats:      {quantity}
Price:      {totalAmount}

{priceNote}

If you cannot come any more, please use the same link to decline, so
that others can get an offer. The link works without a password, so do
not forward this email.
""",
    ),
}


def replace(apps, schema_editor):
    for type_, text in REPLACED.items():
        old, new = _columns(*text), _columns(*_shipped(type_))
        templates = (
            apps.get_model("notifications", "EmailTemplate")
            .objects.using(schema_editor.connection.alias)
            .filter(template_type=type_)
        )
        active = templates.select_for_update().filter(is_active=True, **old).first()
        if active is None or old == new:
            continue
        variables = [*active.variables, *NEW_VARIABLES.get(type_, [])]
        templates.filter(pk=active.pk).update(is_active=False)
        latest = templates.order_by("-version").first()
        templates.create(
            template_type=type_, version=latest.version + 1, variables=variables, **new
        )


def _columns(subject, html, text):
    return {"subject_template": subject, "html_template": html, "text_template": text}


def _shipped(type_):
    def read(ending):
        return (SHIPPED / f"{type_}{ending}").read_text(encoding="utf-8")

    return read(".subject.txt").strip(), read(".html"), read(".txt")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_password_changed")]
    # Older code lacks the new placeholder: it falls back to its own default, and logs that.
    operations = [migrations.RunPython(replace, migrations.RunPython.noop)]
