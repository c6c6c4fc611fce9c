"""Replace the default email templates by new versions, where organizers have not changed them.

Version 1 of each type is what the files in `notifications/shipped` were (migration 0004). Where
such a text is still the active one, the present files follow it as the next version; a type with
another active version keeps that. The replaced texts are kept here, to be recognized.
"""

from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parents[1] / "shipped"

# By type: subject, HTML and text, as they were.
REPLACED = {
    "welcome": (
        "Welcome to {siteName}: please confirm your address",
        """\
<h1>Welcome, {userName}</h1>
<p class="lead">Good to have you here. Please confirm that this address is yours:</p>
<a class="button" href="{verifyUrl}">Confirm my address</a>
<p>You need not wait for it: you can book and join waitlists right away. Your tickets, your places in line and news about them come to this address, and stand in the app too.</p>
<p class="muted">The link works for seven days, and may ask for the password that you chose. If you did not sign up, you can ignore this mail.</p>
""",
        """\
Welcome, {userName}

Good to have you here. Please confirm that this address is yours:

{verifyUrl}

You need not wait for it: you can book and join waitlists right away.
Your tickets, your places in line and news about them come to this
address, and stand in the app too.

The link works for seven days, and may ask for the password that you
chose. If you did not sign up, you can ignore this mail.
""",
    ),
    "booking_confirm": (
        "Your booking for {eventName}: {quantity}",
        """\
<h1>You are in, {userName}</h1>
<p class="lead">{quantity} for <strong>{eventName}</strong>, confirmed.</p>
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
<p class="muted">{cancelNote} The link above needs no password, so keep this mail to yourself. The attached file puts the event into your calendar.</p>
""",
        """\
You are in, {userName}

{quantity} for {eventName}, confirmed.

When:       {eventDate}
Where:      {venue}
Seats:      {quantity}
Total:      {totalAmount}
Reference:  {bookingReference}

{paymentNote}

Your tickets:
{ticketUrl}

At the entrance, each ticket lets one person in:
{tickets}

{cancelNote}
The links need no password, so keep this mail to yourself. The
attached file puts the event into your calendar.

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
<p class="muted">The tickets of this booking no longer let anybody in. The attached file takes the event out of your calendar.</p>
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

The tickets of this booking no longer let anybody in. The attached
file takes the event out of your calendar.

About the event: {eventUrl}
""",
    ),
    "waitlist_join": (
        "You are in line for {eventName}",
        """\
<h1>You are in line</h1>
<p class="lead">Hello {userName}, we have noted that you would like {quantity} for <strong>{eventName}</strong>.</p>
<table class="facts">
<tr><th>Position</th><td class="fact">{position}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
</table>
<p>When seats come free, they are kept for the first in line who fits. Once that is you, we write at once, with a link to claim them and the time you have.</p>
<a class="button" href="{entryUrl}">Show my place in line</a>
<p class="muted">There you also see how your place moves and why, and can leave the line. The link needs no password, so keep this mail to yourself.</p>
""",
        """\
You are in line

Hello {userName}, we have noted that you would like {quantity}
for {eventName}.

Position:   {position}
Seats:      {quantity}
When:       {eventDate}
Where:      {venue}

When seats come free, they are kept for the first in line who fits.
Once that is you, we write at once, with a link to claim them and the
time you have.

Your place in line, and leaving it:
{entryUrl}

The link needs no password, so keep this mail to yourself.
""",
    ),
    "waitlist_promotion": (
        "Kept for you until {expiresAt}: {quantity} for {eventName}",
        """\
<h1>It is your turn, {userName}</h1>
<p class="lead">{quantity} for <strong>{eventName}</strong> came free, and we keep them for you.</p>
<table class="notice" role="presentation"><tr><td class="notice">Claim them until <strong>{expiresAt}</strong>. After that they go to the next in line.</td></tr></table>
<a class="button" href="{claimUrl}">Claim my seats</a>
<table class="facts">
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>Price</th><td class="fact">{totalAmount}</td></tr>
</table>
<p>{priceNote}</p>
<p class="muted">If you cannot come any more, decline behind the same link, and the next in line is asked at once. The link needs no password, so keep this mail to yourself.</p>
""",
        """\
It is your turn, {userName}

{quantity} for {eventName} came free, and we keep them for you.

Claim them until {expiresAt}.
After that they go to the next in line:
{claimUrl}

When:       {eventDate}
Where:      {venue}
Seats:      {quantity}
Price:      {totalAmount}

{priceNote}

If you cannot come any more, decline behind the same link, and the
next in line is asked at once. The link needs no password, so keep
this mail to yourself.
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
        templates.filter(pk=active.pk).update(is_active=False)
        latest = templates.order_by("-version").first()
        templates.create(
            template_type=type_,
            version=latest.version + 1,
            variables=active.variables,
            **new,
        )


def _columns(subject, html, text):
    return {"subject_template": subject, "html_template": html, "text_template": text}


def _shipped(type_):
    def read(ending):
        return (SHIPPED / f"{type_}{ending}").read_text(encoding="utf-8")

    return read(".subject.txt").strip(), read(".html"), read(".txt")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_hidden_kinds")]
    # The placeholders are the same, so older code renders the new texts too.
    operations = [migrations.RunPython(replace, migrations.RunPython.noop)]
