"""Language, time, and static files."""

from whitenoise.compress import Compressor

from evently.embedded import addresses
from evently.environment import BASE_DIR, env
from evently.lifecycle.storage import storage_of
from evently.settings.site import DEBUG

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "evently.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
# A relative path starts at the checkout, wherever the command was typed.
STATIC_ROOT = BASE_DIR / (env.str("STATIC_ROOT", default="") or addresses.home() / "static")
# What browsers and other sites ask for without being told where.
WHITENOISE_ROOT = BASE_DIR / "public"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Where old rows are kept: a folder, or a bucket of S3.
    "cold": storage_of(env.str("COLD_STORAGE_URL", default=""), folder=addresses.home() / "cold"),
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "evently.assets.PageAssetsStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Source maps are half of all bytes, and no page asks for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
