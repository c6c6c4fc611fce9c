"""The site: mode, addresses, name, and the secret that signs."""

from evently import environment
from evently.environment import env, secret
from evently.variable_checks import split

DEBUG = environment.DEBUG
SECRET_KEY = secret("SECRET_KEY", development="development-only-" + "k" * 48)
# Earlier keys, which sessions and links are still accepted under.
SECRET_KEY_FALLBACKS = split(env.str("SECRET_KEY_FALLBACKS", default=""))

PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=["*"] if DEBUG else [environment.host_of(PUBLIC_URL), "127.0.0.1", "localhost"],
)
# What development mode may use although it looks like production (evently.configuration).
DEVELOPMENT_ALLOWS = frozenset(split(env.str("DEVELOPMENT_ALLOWS", default="")))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Servers of the public random beacon drand, which draws ask; all that answer must agree.
EVENTLY_DRAND_SERVERS = split(
    env.str("DRAND_SERVERS", default="https://api.drand.sh,https://drand.cloudflare.com")
)
SITE_NAME = env.str("SITE_NAME", default="Evently")
