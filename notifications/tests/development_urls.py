"""All URLs, with those that exist in development only: tests run without DEBUG."""

from evently.urls import urlpatterns as ordinary
from notifications.urls import mailbox_patterns

urlpatterns = [*ordinary, *mailbox_patterns]
