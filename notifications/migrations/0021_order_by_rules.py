"""Say in the confirmation of a waitlist entry no more than holds under each rule for groups.

As in 0006: `REPLACED` has the text that the files in `notifications/shipped` had before. Templates
that organizers have changed stay.
"""

from pathlib import Path

from django.db import migrations

SHIPPED = Path(__file__).parents[1] / "shipped"

# By type: subject, HTML and text, as they were.
REPLACED = {
    "waitlist_join": (
        "You are on the waitlist for {eventName}",
        """\
<h1>You are on the waitlist</h1>
<p class="lead">Hello {userName}, you asked for {quantity} and are on the waitlist for <strong>{eventName}</strong>.</p>
<table class="facts">
<tr><th>Position</th><td class="fact">{position}</td></tr>
<tr><th>Seats</th><td class="fact">{quantity}</td></tr>
<tr><th>Most you pay</th><td class="fact">{maximumPrice}</td></tr>
<tr><th>When</th><td class="fact">{eventDate}</td></tr>
<tr><th>Where</th><td class="fact">{venue}</td></tr>
</table>
<p>Seats that become available are offered in order of position, skipping requests for more seats than are available. An offer holds them for you until a deadline.</p>
<a class="button" href="{entryUrl}">Show my position</a>
<p class="muted">There you can also follow how your position changes, and leave the waitlist. The link works without a password, so do not forward this email.</p>
""",
        """\
You are on the waitlist

Hello {userName}, you asked for {quantity} and are on the waitlist
for {eventName}.

Position:   {position}
Seats:      {quantity}
At most:    {maximumPrice}
When:       {eventDate}
Where:      {venue}

Seats that become available are offered in order of position, skipping
requests for more seats than are available. An offer holds them for
you until a deadline.

Follow your position, or leave the waitlist:
{entryUrl}

The link works without a password, so do not forward this email.
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
            template_type=type_, version=latest.version + 1, variables=active.variables, **new
        )


def _columns(subject, html, text):
    return {"subject_template": subject, "html_template": html, "text_template": text}


def _shipped(type_):
    def read(ending):
        return (SHIPPED / f"{type_}{ending}").read_text(encoding="utf-8")

    return read(".subject.txt").strip(), read(".html"), read(".txt")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0020_ticket_kinds")]
    operations = [migrations.RunPython(replace, migrations.RunPython.noop)]
