"""The settings of the bare views: the database with its pool, and nothing of Evently besides."""

from evently.settings.database import DATABASES  # noqa: F401

SECRET_KEY = "bare"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "bench.bare.views"
INSTALLED_APPS = ["rest_framework"]
MIDDLEWARE: list[str] = []
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bench.bare.tokens.TokenLookup"],
    "DEFAULT_PERMISSION_CLASSES": ["bench.bare.tokens.HasToken"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
