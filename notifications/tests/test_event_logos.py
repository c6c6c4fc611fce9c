"""An organizer's logo in the emails about an event: made of a file, saved, shown."""

import random
import zlib
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw, PngImagePlugin

from evently.accounts.factories import OrganizerFactory
from events.factories import EventFactory
from events.operations import copy_event
from notifications.emails.drafts import Draft
from notifications.emails.event_texts import EventTexts
from notifications.emails.logo_files import (
    DARK_PLATE,
    LIGHT_PLATE,
    MOST_UPLOAD_BYTES,
    LogoRefused,
    logo_from,
)
from notifications.emails.logos import MOST_LOGO_BYTES, Logo
from notifications.emails.message import build_email
from notifications.emails.preview import preview
from notifications.event_email_models import EventEmail
from notifications.kinds.rows import read_together
from notifications.logo_models import EventLogo
from notifications.models import Notification
from notifications.operations.event_logos import LogoChange, save_logo
from notifications.template_models import TemplateType
from notifications.tests.emails import html_of
from notifications.tests.examples import example_of
from notifications.tests.test_admin_writing import PAGE, written
from notifications.tests.test_event_emails import given, page_of, preview_of, words

RED, WHITE = (200, 30, 30), (255, 255, 255)


@pytest.fixture
def organizer(client):
    user = OrganizerFactory(name="Olga Organizer")
    client.force_login(user)
    return user


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Jazz")


def file_of(picture, format_="PNG", **options):
    buffer = BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def letters(colour, size=(1_200, 400)):
    """Return a transparent picture with something on it."""
    picture = Image.new("RGBA", size)
    ImageDraw.Draw(picture).rectangle((300, 100, 899, 299), fill=(*colour, 255))
    return picture


def opened(logo):
    return Image.open(BytesIO(logo.content))


def upload(content, name="logo.png"):
    return SimpleUploadedFile(name, content)


# ── Files ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF"])
def test_file_is_drawn_anew_twice_as_large_as_it_is_shown(format_):
    logo = logo_from(file_of(Image.new("RGB", (2_400, 480), RED), format_))

    assert (logo.width, logo.height, logo.shown_size) == (1_000, 200, (500, 100))
    assert (opened(logo).size, opened(logo).format) == ((1_000, 200), "PNG")
    small = logo_from(file_of(Image.new("RGB", (90, 40), RED), format_))
    assert (small.width, small.height, small.shown_size) == (90, 40, (90, 40))


def test_metadata_is_gone_and_the_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010E] = exif[0x013B] = "Secret"
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Secret", zip=False)
    pictures = {
        "JPEG": {"exif": exif, "comment": b"Secret", "icc_profile": b"Secret"},
        "PNG": {"exif": exif, "pnginfo": text, "icc_profile": b"Secret"},
        "WEBP": {"exif": exif, "xmp": b"Secret"},
    }
    for format_, more in pictures.items():
        picture = Image.effect_noise((100, 200), 80).convert("RGB")
        content = file_of(picture, format_, **more)
        assert b"Secret" in content

        logo = logo_from(content)

        assert (logo.width, logo.height) == (200, 100)
        assert b"Secret" not in logo.content
        assert set(opened(logo).info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
            "transparency",
        }


def test_first_picture_of_an_animation_is_taken():
    second = Image.new("RGB", (200, 80), WHITE)
    for format_ in ("GIF", "WEBP", "PNG"):
        first = Image.new("RGB", (200, 80), RED)
        content = file_of(first, format_, save_all=True, append_images=[second])

        assert opened(logo_from(content)).convert("RGB").getpixel((100, 40))[1] < 50


@pytest.mark.parametrize(
    ("colour", "plate"), [((20, 20, 40), LIGHT_PLATE), (WHITE, DARK_PLATE), (RED, LIGHT_PLATE)]
)
def test_transparent_logo_stands_on_a_plate_on_which_it_is_seen(colour, plate):
    """In the picture itself: email clients change the colours behind it in dark mode."""
    logo = logo_from(file_of(letters(colour)))

    picture = opened(logo).convert("RGB")
    # Without its transparent edges, with ten CSS pixels around.
    assert (logo.width, logo.height, logo.shown_size) == (628, 228, (441, 160))
    assert (picture.getpixel((2, 2)), picture.getpixel((314, 114))) == (plate, colour)


def test_grey_of_16_bits_stays_grey():
    grey = Image.frombytes("I;16", (100, 50), (30_000).to_bytes(2, "little") * 5_000)

    assert opened(logo_from(file_of(grey))).convert("L").getpixel((50, 25)) == 117


def test_largest_logo_is_small_enough():
    noise = Image.frombytes("RGB", (1_100, 350), random.Random(1).randbytes(1_155_000))

    logo = logo_from(file_of(noise))

    assert len(logo.content) <= MOST_LOGO_BYTES
    assert opened(logo).size == (logo.width, logo.height)


def broken(content):
    return content[: len(content) // 2]


def with_size(content, width, height):
    """Return a PNG whose header says another size."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + content[24:29]
    return content[:12] + header + zlib.crc32(header).to_bytes(4, "big") + content[33:]


SMALL = file_of(Image.effect_noise((64, 64), 80))
REFUSED = {
    "bomb": (file_of(Image.new("1", (12_000, 12_000))), "more than 16 million pixels"),
    "huge": (with_size(SMALL, 2_000_000, 2_000_000), "more than 16 million pixels"),
    "large": (SMALL + bytes(MOST_UPLOAD_BYTES), "larger than 4 MB"),
    "SVG": (b'<?xml version="1.0"?>\n<svg onload="alert(1)"/>', "SVG files cannot be used"),
    "HTML": (b"<html><script>alert(1)</script>", "not a PNG, JPEG, WebP or GIF"),
    "TIFF": (file_of(Image.new("RGB", (99, 99)), "TIFF"), "not a PNG, JPEG, WebP or GIF"),
    "empty": (b"", "not a PNG, JPEG, WebP or GIF"),
    "cut off": (broken(SMALL), "damaged or incomplete"),
    "tiny": (file_of(Image.new("RGB", (9, 9))), "too small or too narrow"),
    "narrow": (file_of(Image.new("RGB", (4_000, 30))), "too small or too narrow"),
    "invisible": (file_of(Image.new("RGBA", (99, 99))), "transparent throughout"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_logo_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(LogoRefused, match=sentence):
        logo_from(content)


# ── Emails ──────────────────────────────────────────────────────────────────
def logo_of(event_id, colour=RED, size=(400, 100)):
    logo = logo_from(file_of(Image.new("RGB", size, colour)))
    known = EventLogo.objects.filter(event_id=event_id).first()
    save_logo(event_id, LogoChange(logo, version=known.version if known else 0))
    return logo


def images_of(email):
    return [part for part in email.attachments if part["Content-ID"]]


@pytest.mark.django_db
def test_logo_is_inside_the_email_and_left_out_of_what_others_see():
    notification = example_of("event_changed")
    logo = logo_of(notification.event_id)
    EventEmail.objects.create(
        event_id=notification.event_id, picture="logo", above="Bring a coat", sender_name="Żółty"
    )

    email = build_email(notification, notification.user)

    (image,) = images_of(email)
    assert image["Content-ID"] == f"<{logo.content_id}>"
    assert image.get_content_type() == "image/png"
    assert image.get_payload(decode=True) == logo.content
    html = html_of(email)
    element = html[html.index('<img class="logo"') :].partition(">")[0]
    for attribute in (f'src="cid:{logo.content_id}"', 'width="400" height="100"', 'alt="Żółty"'):
        assert attribute in element
    assert html.index(element) < html.index("Bring a coat")
    assert email.body.startswith("Bring a coat")
    assert "<img" not in preview(notification, notification.user).html


@pytest.mark.django_db
def test_emails_read_a_logo_once_and_have_the_new_one_when_it_is_replaced():
    rows = [example_of("event_changed") for _ in range(2)]
    for row in rows:
        EventEmail.objects.create(event_id=row.event_id, picture="logo")
    first = logo_of(rows[0].event_id)

    def written():
        found = list(Notification.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
        read_together(found)
        with CaptureQueriesContext(connection) as queries:
            emails = [build_email(each, each.user) for each in found]
        images = {image["Content-ID"] for email in emails for image in images_of(email)}
        return images, sum("event_logos" in query["sql"] for query in queries)

    # The digests of all; then the file, which the process keeps.
    assert written() == ({f"<{first.content_id}>"}, 2)
    assert written() == ({f"<{first.content_id}>"}, 1)
    second = logo_of(rows[0].event_id, WHITE)
    assert written() == ({f"<{second.content_id}>"}, 2)
    EventLogo.objects.all().delete()
    assert written() == (set(), 1)


# ── The page ────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_logo_is_previewed_saved_replaced_and_removed(client, organizer, event):
    content = file_of(letters(RED))

    def frame(**entered):
        return client.post(preview_of(event), given(picture="logo", **entered))

    assert logo_from(content).data_url in frame(logo=upload(content)).content.decode()
    assert not EventLogo.objects.exists()
    saved = client.post(page_of(event), given(picture="logo", logo=upload(content)), follow=True)
    assert "Saved. All emails from now on have it." in words(saved)
    row = EventLogo.objects.get()
    assert (row.logo, row.version) == (logo_from(content), 1)
    assert row.logo.data_url in saved.content.decode()
    assert row.logo.data_url in client.get(preview_of(event)).content.decode()

    other = file_of(letters(WHITE), "WEBP")
    entered = given(picture="logo", version="1", logo_version="1", logo=upload(other))
    client.post(page_of(event), entered)
    row = EventLogo.objects.get()
    assert (row.logo, row.version) == (logo_from(other), 2)
    client.post(page_of(event, "reminder"), given(picture="logo", below="Soon"))

    entered = given(picture="logo", version="2", logo_version="2", logo_remove="on")
    client.post(page_of(event), entered)
    assert not EventLogo.objects.exists()
    assert [(row.below, row.picture) for row in EventEmail.objects.all()] == [("Soon", "")]
    trail = words(client.get(f"/admin/events/event/{event.pk}/trail/"))
    assert "uploaded a logo" in trail or "logo of emails created" in trail


@pytest.mark.django_db
def test_chosen_file_outlasts_a_refused_text_and_a_test(client, organizer, event):
    content = file_of(letters(RED))

    page = client.post(page_of(event), given(picture="logo", above="{wrong}", logo=upload(content)))

    assert "Chosen, not saved yet." in words(page)
    assert not EventLogo.objects.exists()
    kept = page.context["logo"].kept
    page = client.post(page_of(event), given(picture="logo", answer="test", logo_kept=kept))
    assert f"A test email goes to {organizer.email} now." in words(page)
    # A wrong file beside it changes nothing.
    wrong = given(picture="logo", logo_kept=kept, logo=upload(b"<svg/>", "logo.png"))
    page = client.post(page_of(event), wrong)
    assert "SVG files cannot be used" in page.context["logo"].errors["logo"][0]
    kept = page.context["logo"].kept
    client.post(page_of(event), given(picture="logo", logo_kept=kept))
    assert EventLogo.objects.get().logo == logo_from(content)


@pytest.mark.django_db
def test_only_what_was_made_here_for_this_event_is_taken_back(client, organizer, event):
    other = EventFactory(created_by=organizer)
    page = client.post(page_of(other), given(above="{x}", logo=upload(file_of(letters(RED)))))

    for kept in (page.context["logo"].kept, "made:up"):
        page = client.post(page_of(event), given(picture="logo", logo_kept=kept))
        assert "Choose it again" in page.context["logo"].errors["logo_kept"][0]
    assert not EventLogo.objects.exists()


@pytest.mark.django_db
def test_logo_has_to_be_there_and_chosen_to_be_shown(client, organizer, event):
    page = client.post(page_of(event), given(picture="logo"))
    assert "There is no logo yet" in page.context["form"].errors["picture"][0]

    page = client.post(page_of(event), given(logo=upload(file_of(letters(RED)))), follow=True)
    assert "These emails do not show the logo" in words(page)


@pytest.mark.django_db
def test_of_two_organizers_the_second_is_told_and_loses_no_file(client, organizer, event):
    first, second = file_of(letters(RED)), file_of(letters(WHITE))
    client.post(page_of(event), given(logo=upload(first)))

    page = client.post(page_of(event), given(logo=upload(second), logo_version="0"))

    assert page.status_code == 409
    assert "Another one" in words(page)
    form = page.context["logo"]
    entered = given(logo_kept=form.kept, logo_version=str(form.seen_version))
    client.post(page_of(event), entered)
    assert EventLogo.objects.get().logo == logo_from(second)


@pytest.mark.django_db
def test_logo_of_others_events_is_out_of_reach(client, organizer, event):
    other = EventFactory()
    entered = {"picture": "logo", "logo": upload(file_of(letters(RED)))}

    assert client.post(page_of(other), given(**entered)).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(organizer)
    assert strict.post(page_of(event), given(**entered)).status_code == 403
    assert not EventLogo.objects.exists()


@pytest.mark.django_db
def test_preview_of_a_message_to_attendees_has_the_logo(client, organizer, event):
    logo = logo_of(event.pk)
    EventEmail.objects.create(event=event, picture="logo")
    message = written(client, event)

    frame = client.get(f"{PAGE.format(message.pk)}preview/")

    assert logo.data_url in frame.content.decode()
    policy = frame.headers["Content-Security-Policy"].split("; ")
    assert "img-src 'self' data:" in policy


@pytest.mark.django_db
def test_copy_of_an_event_has_its_logo(organizer, event):
    logo = logo_of(event.pk)

    copy = copy_event(event_id=event.pk, by_id=organizer.pk)

    assert EventLogo.objects.get(event=copy).logo == logo


def test_draft_for_a_task_has_its_logo():
    logo = logo_from(file_of(letters(RED)))
    texts = EventTexts(uuid4(), picture="logo", logo=logo)
    draft = Draft(TemplateType.REMINDER, texts=texts)

    assert Draft.from_json(draft.as_json()) == draft
    assert isinstance(draft.texts.logo, Logo)
