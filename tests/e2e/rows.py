"""Code that runs in a site's shell, where all models are imported, and makes what pages show."""

#: Makes two accounts and their sessions, as signing in would, and prints the sessions' keys: a
#: member with ratings and marks, and a newcomer with nothing, not even a password.
ACCOUNTS = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User

def session_of(user):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key

member = User.objects.create_user("member", "member@example.org", "a long secret")
newcomer = User.objects.create_user("newcomer")
viewer = Viewer.for_user(member)
viewer.copy_taste(Viewer.objects.filter(kind="imported").first())
Viewer.for_user(newcomer)
unrated = Movie.objects.exclude(ratings__viewer=viewer)
for kind, movie in zip(["watchlist", "watchlist", "seen", "hidden", "less"], unrated):
    Mark.put(viewer, movie, kind)
print(session_of(member), session_of(newcomer))
"""

#: What the code below starts from.
NAMES = """
from datetime import timedelta
from django.utils import timezone
from recommendations.views.imports.presenters import OUTCOMES

now = timezone.now()
viewer = Viewer.objects.get(user__username="member")
newcomer = Viewer.objects.get(user__username="newcomer")
other = Viewer.objects.filter(kind="imported").last()
"""

#: Prints the list's id; `shared` is its token.
LIST = """
films = MovieList.make(viewer, "Rainy days", "For the sofa.")
for movie in Movie.objects.all()[:12]:
    films.add(movie)
films.share()
print(films.pk)
"""

#: The member's own night, with somebody else in it; prints its token.
NIGHT = """
night = FilmNight.start(viewer)
night.join(other)
print(night.token)
"""


#: An import that ended, with a row of each outcome; prints its id.
BROUGHT = """
counts = dict.fromkeys(OUTCOMES, 1) | {"rows": len(OUTCOMES)}
counts["invalid"] = {"count": 1, "shown": ["ratings.csv:7: 9 is no number of stars."]}
brought = RatingsImport.objects.create(
    viewer=viewer, file_name="ratings.csv", status="succeeded", wake_at=now, report=counts
)
entry = {"viewer": viewer, "brought_by": brought, "kind": "rating", "stars": 4.0}
UnmatchedEntry.objects.create(title="Twin", candidates=[1, 2], identity="twin", **entry)
UnmatchedEntry.objects.create(title="Unheard Of", identity="unheard of", **entry)
print(brought.pk)
"""

#: An import that a worker reads for as long as the tests take; prints its id.
BEING_READ = """
print(RatingsImport.objects.create(
    viewer=newcomer, file_name="ratings.csv", status="running", attempt=1, progress=0.4,
    wake_at=now, lease_expires_at=now + timedelta(days=1),
).pk)
"""

#: Prints the id of an import that failed.
FAILED = """
print(RatingsImport.objects.create(
    viewer=newcomer, file_name="cats.csv", status="failed", wake_at=now,
    message="The file could not be read.",
).pk)
"""

#: Prints the parts of the address in the mail to who forgot their password.
RESET = """
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
print(user_pk_to_url_str(viewer.user), default_token_generator.make_token(viewer.user))
"""
