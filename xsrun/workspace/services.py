"""The services that a workspace keeps for its runs, by name: each made on first use, kept until it is closed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from xsrun.errors import UsageError
from xsrun.extras import installing
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.reading import AnyPath, FolderAttribute, read_bytes, typed_path

if TYPE_CHECKING:
    from pathlib import Path

    from xsrun.services.cache import Cache
    from xsrun.services.cloud import Cloud
    from xsrun.services.datadog_log import DatadogLog
    from xsrun.services.http import HttpService
    from xsrun.services.javascript import JavaScript
    from xsrun.services.jobs import Jobs
    from xsrun.services.locations import Locations
    from xsrun.services.mail import Outbox
    from xsrun.services.models.choice import Models
    from xsrun.services.network import Hosts, NetworkPolicy
    from xsrun.services.realtime import Realtime
    from xsrun.services.recording import Recording
    from xsrun.services.search.documents import DocumentStore
    from xsrun.services.tokens import TokenService
    from xsrun.services.vault import Vault

    Service = (
        Cache
        | Cloud
        | DatadogLog
        | DocumentStore
        | HttpService
        | JavaScript
        | Jobs
        | Locations
        | Models
        | NetworkPolicy
        | Outbox
        | Realtime
        | TokenService
        | Vault
    )

#: The folder beside a workspace that holds what must be kept: token key, cache, vault.
STATE_FOLDER = ".xsrun"
#: The database of `xsrun serve` in it.
ROWS = "database.db"
#: Bytes of a secret that is told.
_SHORTEST_KEY = 32
#: and of the file that holds one
_LARGEST_KEY = 1 << 20
#: Paths that cannot be used and were reported.
_told: set[Path] = set()


class Services:
    """The services of one workspace. `root` is its folder, where it has one; `cache_url` is that of a Redis server;
    `cloud` are the addresses of cloud services by name.

    `lasting`: what `redis.*` stores is kept beside the files, but not for bare statements: what they store
    lives as long as the run, like their rows. `models` says which language models answer agents.
    """

    root = FolderAttribute("root_name")
    #: where the files of the workspace are, also while nothing is kept beside them
    home = FolderAttribute("home_name")

    def __init__(
        self,
        root: AnyPath | None,
        *,
        network: NetworkPolicy | Hosts = None,
        vault: Vault | AnyPath | None = None,
        cache_url: str | None = None,
        cloud: Mapping[str, str] | None = None,
        home: AnyPath | None = None,
        allow_run: bool = False,
        lasting: bool = False,
        models: Iterable[str] = (),
    ) -> None:
        self.root = root
        self.network = network
        self.vault = vault
        self.cache_url = cache_url
        self.cloud = cloud
        self.home = home or root
        self.allow_run = allow_run
        self.lasting = lasting
        self.models = tuple(models)
        self.lock = threading.RLock()
        self._made: dict[str, Any] = {}
        self._recording: Recording | None = getattr(network, "recording", None)
        if self.models:
            self.get("models")  # a file of turns that cannot be read is told now

    def get(self, name: str, make: Callable[[], Any] | None = None) -> Any:
        """The service of this name; `make` makes one that is not among those known here. Raises LookupError."""
        with self.lock:
            if name not in self._made:
                self._made[name] = make() if make is not None else _maker(name)(self)
            return self._made[name]

    def exchange(self, name: str, service: Any) -> Any:
        """Let another service take the place of one, which is returned; None when there was none."""
        with self.lock:
            before, self._made[name] = self._made.get(name), service
            return before

    def begin(self) -> None:
        """A program begins to run."""
        if self._recording is not None:
            self._recording.begin()

    def close(self) -> None:
        """End connections and child processes, and write what was recorded. Services that are asked for later are made
        anew. Raises UsageError when a recording cannot be written."""
        with self.lock:
            made, self._made = self._made, {}
        for service in made.values():
            end = getattr(service, "close", None)
            if end is not None:
                end()
        if self._recording is not None:
            self._recording.save()

    def state(self, name: str) -> Path | None:
        """A place in the workspace's state folder, made on first need, ignored by git, readable by its owner alone.

        None when there is no place for one, or when it cannot be made, which is reported once.
        """
        return None if self.root is None else state_file(self.root, name)

    def _key(self) -> bytes:
        """The secret of a workspace: what the process is told, else one kept beside its files, else a new one."""
        told = told_key()
        if told is not None:
            return told
        path = self.state("token_key")
        if path is not None:
            try:
                return _kept_key(path)
            except OSError as error:
                _tell_once(path, error, "the key of auth tokens")
        return os.urandom(32)

    # The makers ----------------------------------------------------------------------------------------------------

    def _tokens(self) -> TokenService:
        """Auth tokens under a key of the workspace's own: kept beside its files, or as long as the workspace lives."""
        from xsrun.services.tokens import TokenService

        return TokenService(self._key())

    def _console_token(self) -> str:
        """What the page of the console proves itself with, to each process of a server."""
        return self._derived(b"xsrun console")

    def _derived(self, purpose: bytes) -> str:
        """A text that only processes with the secret of the workspace know."""
        import hmac

        return hmac.digest(self._key(), purpose, "sha256").hex()

    def _javascript(self) -> JavaScript:
        from xsrun.services.javascript import JavaScript

        return JavaScript(allow_net=list(self.get("network").hosts) or None)

    def _network(self) -> NetworkPolicy:
        from xsrun.services.network import NetworkPolicy

        return NetworkPolicy.of(self.network)

    def _cache(self) -> Cache:
        """The server that the user named, or a cache of the workspace's own."""
        from xsrun.services.cache import Cache

        return Cache(self.cache_url, self.state("cache.db") if self.lasting and self.cache_url is None else None)

    def _http(self) -> HttpService:
        from xsrun.services.http import HttpService

        return HttpService()

    def _vault(self) -> Vault:
        """Stored files: in the folder that the user named, else beside the workspace's, else in a temporary one."""
        from xsrun.services.vault import Vault

        if isinstance(self.vault, Vault):
            return self.vault
        if self.vault is not None:
            return Vault(typed_path(self.vault), self._key())
        return Vault(self.state("vault"), self._key())

    def _cloud(self) -> Cloud:
        from xsrun.services.cloud import Cloud

        return Cloud(self.state("cloud"), self._key(), self.cloud)

    def _jobs(self) -> Jobs:
        from xsrun.services.jobs import Jobs

        return Jobs(self.home, allowed=self.allow_run)

    def _datadog(self) -> DatadogLog:
        from xsrun.services.datadog_log import DatadogLog

        folder = self.state("cloud")
        return DatadogLog(None if folder is None else folder / "datadog.jsonl")

    def _search(self) -> DocumentStore:
        """Documents of search services, kept like what `redis.*` stores."""
        from xsrun.services.search.documents import DocumentStore

        folder = self.state("cloud") if self.lasting else None
        return DocumentStore(None if folder is None else folder / "search.db")

    def _realtime(self) -> Realtime:
        from xsrun.services.realtime import Realtime, RealtimeServer

        if self.cache_url is None:
            return Realtime()
        name = self._derived(b"xsrun realtime 1")  # another number where processes would not understand one another
        return Realtime(RealtimeServer(self.cache_url, f"xsrun:realtime:{name[:32]}"))

    def _mail(self) -> Outbox:
        from xsrun.services.mail import Outbox

        return Outbox(self.state("outbox"))

    def _models(self) -> Models:
        from xsrun.services.models.choice import Models

        return Models(self.models)

    def _locations(self) -> Locations:
        from xsrun.services.locations import FILE_NAME, Locations

        return Locations(self.root / STATE_FOLDER / FILE_NAME if self.root is not None else None)


def services_of(
    root: AnyPath | None,
    kinds: set[str],
    network: NetworkPolicy | Hosts,
    vault: Vault | AnyPath | None,
    cache: str | None,
    models: Iterable[str],
    cloud: Mapping[str, str],
    allow_run: bool,
) -> Services:
    """The services that the options of a workspace ask for; `XSRUN_REDIS_URL` stands for `cache`.

    `kinds` are those of its constructs: bare statements alone keep nothing.
    """
    lasting = bool(kinds - {"stack"})
    url = cache or os.environ.get("XSRUN_REDIS_URL") or None
    if url is not None and not _there("redis"):
        hint = f"install it with: {installing('redis')}; without an address xsrun's own cache serves"
        raise UsageError("a Redis server needs a package that is not installed: redis", hint=hint)
    return Services(
        root,
        network=network,
        vault=vault,
        cache_url=url,
        lasting=lasting,
        models=models,
        cloud=cloud,
        allow_run=allow_run,
    )


def _there(module: str) -> bool:
    """Is a package installed? It is imported when it is first used."""
    from importlib.util import find_spec

    return find_spec(module) is not None


_MAKERS: dict[str, Callable[[Services], Service | str]] = {
    "tokens": Services._tokens,
    "console_token": Services._console_token,
    "javascript": Services._javascript,
    "network": Services._network,
    "cache": Services._cache,
    "http": Services._http,
    "vault": Services._vault,
    "cloud": Services._cloud,
    "search": Services._search,
    "jobs": Services._jobs,
    "datadog": Services._datadog,
    "realtime": Services._realtime,
    "mail": Services._mail,
    "models": Services._models,
    "locations": Services._locations,
}


def _maker(name: str) -> Callable[[Services], Service | str]:
    maker = _MAKERS.get(name)
    if maker is None:
        raise LookupError(f"there is no service named {name}")
    return maker


def state_file(root: Path, name: str) -> Path | None:
    """A place in the state folder of a workspace's folder; None when it cannot be made, which is reported once."""
    folder = root / STATE_FOLDER
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        _tell_once(folder, error, "what is stored (keys of tokens, rows, redis.*, files, mail)")
        return None
    return folder / name


def kept_rows(root: Path) -> Path:
    """The file where `xsrun serve` keeps the rows of a workspace unless it is told where."""
    return root / STATE_FOLDER / ROWS


def told_key() -> bytes | None:
    """The secret that several machines share, `XSRUN_TOKEN_KEY` or the content of the file `XSRUN_TOKEN_KEY_FILE`.

    Raises UsageError for one that is too short or cannot be read.
    """
    import hashlib

    file, text = os.environ.get("XSRUN_TOKEN_KEY_FILE"), os.environ.get("XSRUN_TOKEN_KEY")
    if file:
        try:
            secret = read_bytes(file, _LARGEST_KEY).strip()
        except OSError as error:
            raise UsageError(f"the file of the token key cannot be read: {file}: {error.strerror}") from None
    elif text:
        secret = text.encode()
    else:
        return None
    if len(secret) < _SHORTEST_KEY:
        raise UsageError(
            f"the token key needs at least {_SHORTEST_KEY} bytes; this one has {len(secret)}",
            hint="make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return hashlib.sha256(secret).digest()


def _kept_key(path: Path) -> bytes:
    """The secret in a file, which is made with a new one if it is not there."""
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(32))
    for _ in range(100):
        key = path.read_bytes()
        if key:
            return key
        time.sleep(0.01)  # another process has made the file and is about to write it
    raise OSError(errno.EINVAL, "it is empty")


def _tell_once(path: Path, error: OSError, what: str) -> None:
    """Report that something is kept in memory because its file cannot be used."""
    if path not in _told:
        _told.add(path)
        text = f"note: {path} cannot be used ({error.strerror}): {what} lasts as long as this process"
        print(text, file=sys.stderr)
