"""Tables that the search looks up; the database keeps them in step with the events."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F


class EventWords(models.Model):
    """The words of one event by field, as `evently_search_vector()` returns them, and its date.

    A table of its own, since the audit log copies rows of events, and each booking rewrites one.
    Written by `trg_events_searched`, deleted with the event.
    """

    event = models.OneToOneField(
        "events.Event",
        on_delete=models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="words",
    )
    vector = SearchVectorField()
    # That of the event, so that those which a search finds are sorted without being looked up.
    event_date = models.DateTimeField()

    class Meta:
        db_table = "event_words"
        indexes = [GinIndex(fields=["vector"], name="idx_event_words", fastupdate=False)]

    def __str__(self) -> str:
        return f"Words of event {self.event_id}"


class SearchWord(models.Model):
    """A word that occurs in some event, or once did; what typing errors are compared with.

    Words can be there twice, if two transactions wrote them at the same time.
    """

    word = models.TextField()
    # The word in letters that pg_trgm knows in every locale.
    shape = models.TextField()

    class Meta:
        db_table = "search_words"
        indexes = [
            models.Index(fields=["word"], name="idx_search_words_word"),
            GinIndex(
                OpClass(F("shape"), "gin_trgm_ops"), name="idx_search_words_shape", fastupdate=False
            ),
        ]

    def __str__(self) -> str:
        return self.word
