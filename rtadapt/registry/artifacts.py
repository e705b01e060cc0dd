"""The artifact store: adapters and learner states as folders that are whole or absent.

Owns `kind/feed/digest` below one folder or URL. Takes a folder a learner wrote; gives it back, byte for byte or not
at all, to whoever names its digest. The digest is that of the manifest, which names each file's own, so a record in
the registry fixes every byte; the signature, where a key is set, says who wrote it (signing.py).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from rtadapt.config import Settings
from rtadapt.errors import ArtifactDamaged, InvalidInput, InvalidSettings, RtadaptError, Unavailable
from rtadapt.records import FEED_NAME, Artifact
from rtadapt.registry import manifest as contents
from rtadapt.registry.manifest import MANIFEST, SIGNATURE, ArtifactKind, Manifest
from rtadapt.registry.shelves import open_shelf, partial_folder, settle
from rtadapt.registry.signing import Signer

_PATH = re.compile(rf"(?P<kind>{'|'.join(get_args(ArtifactKind))})/(?P<feed>{FEED_NAME.pattern})/(?P<digest>[0-9a-f]{{64}})")
_SIGNATURE_BYTES = 1024
_BESIDE = frozenset({MANIFEST, SIGNATURE})


class ArtifactStore:
    """Puts, fetches, lists and removes artifacts. Safe from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidSettings for a URL that no file system is installed for, or a bad key file."""
        self._max_bytes = settings.artifacts.max_bytes
        key_file = settings.artifacts.signing_key_file
        self._signer = Signer(key_file) if key_file is not None else None
        try:
            self._shelf = open_shelf(settings.artifacts.url, settings.data_dir)
        except (ValueError, ImportError) as error:
            message = "artifacts.url names no file system that fsspec has here (an s3:// URL needs s3fs installed)"
            raise InvalidSettings(message, field="artifacts.url") from error

    def put(self, kind: ArtifactKind, feed: str, folder: Path) -> Artifact:
        """Store the files of `folder`. When this returns the artifact is durable; until then it is not there at all.

        The same content again gives the same artifact. Raises InvalidInput for a folder that holds anything but plain
        safetensors, json, jsonl and txt files, TooLarge, Unavailable.
        """
        if kind not in get_args(ArtifactKind) or not FEED_NAME.fullmatch(feed):
            raise InvalidInput("an artifact is an adapter, a state or a trial of a feed", field="kind")
        with self._reachable(), self._shelf.draft() as draft:
            described = contents.fill(kind, feed, folder, draft, self._max_bytes)
            encoded = described.encode()
            digest = contents.digest_of(encoded)
            (draft / MANIFEST).write_bytes(encoded)
            if self._signer is not None:
                (draft / SIGNATURE).write_text(self._signer.sign(digest) + "\n", encoding="ascii")
            size = sum(file.stat().st_size for file in draft.iterdir())
            artifact = Artifact(digest, f"{kind}/{feed}/{digest}", size)
            self._shelf.take(draft, artifact.path, lambda there: self._is_whole(artifact, there))
        return artifact

    def fetch(self, artifact: Artifact, into: Path) -> Path:
        """A local folder below `into` with the artifact's files, each checked against its digest.

        One that was fetched before is checked again and used again, also when the store is down. The folder appears
        whole or not at all. Raises ArtifactDamaged, TooLarge, Unavailable.
        """
        kind, feed = _kind_and_feed(artifact)
        target = into / artifact.digest
        with self._reachable():
            if not self._is_whole(artifact, target):
                with partial_folder(into) as partial:
                    self._copy(artifact, kind, feed, partial)
                    settle(partial, target, lambda there: self._is_whole(artifact, there))
        return target

    def list(self, kind: ArtifactKind, feed: str) -> list[Artifact]:
        """The artifacts of `kind` of `feed`, by digest."""
        if kind not in get_args(ArtifactKind) or not FEED_NAME.fullmatch(feed):
            raise InvalidInput("an artifact is an adapter, a state or a trial of a feed", field="kind")
        with self._reachable():
            sizes = self._shelf.sizes(f"{kind}/{feed}")
        matches = ((_PATH.fullmatch(path), size) for path, size in sizes.items())
        return [Artifact(match["digest"], match[0], size) for match, size in matches if match is not None]

    def remove(self, artifact: Artifact) -> None:
        """Remove it; one that is not there is no error."""
        _kind_and_feed(artifact)
        with self._reachable():
            self._shelf.remove(artifact.path)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Turns the store's errors into ours."""
        try:
            yield
        except RtadaptError:
            raise
        except FileNotFoundError as error:
            raise ArtifactDamaged("the artifact, or a file of it, is not in the store") from error
        except self._shelf.failures as error:
            number = error.errno if isinstance(error, OSError) else None
            what = errno.errorcode.get(number or 0, type(error).__name__)
            raise Unavailable(f"the artifact store does not answer ({what})") from error

    def _copy(self, artifact: Artifact, kind: str, feed: str, partial: Path) -> None:
        encoded = self._read(artifact.path, MANIFEST, contents.MAX_MANIFEST_BYTES)
        described = self._believed(artifact, kind, feed, encoded)
        (partial / MANIFEST).write_bytes(encoded)
        if self._signer is not None:
            signature = self._signature(artifact)
            self._signer.check(artifact.digest, signature)
            (partial / SIGNATURE).write_text(signature, encoding="ascii", errors="replace")
        for name, file in described.files.items():
            with self._shelf.open(artifact.path, name) as reading, (partial / name).open("xb") as writing:
                if contents.copy(reading, writing, file.size) != file:
                    raise ArtifactDamaged(f"{name} of the artifact is not what its manifest says")

    def _read(self, path: str, name: str, limit: int) -> bytes:
        with self._shelf.open(path, name) as reading:
            content = reading.read(limit + 1)
        if len(content) > limit:
            raise ArtifactDamaged(f"{name} of the artifact is larger than any that we write")
        return content

    def _signature(self, artifact: Artifact) -> str:
        try:
            return self._read(artifact.path, SIGNATURE, _SIGNATURE_BYTES).decode("ascii", "replace")
        except FileNotFoundError:
            return ""

    def _believed(self, artifact: Artifact, kind: str, feed: str, encoded: bytes) -> Manifest:
        if contents.digest_of(encoded) != artifact.digest:
            raise ArtifactDamaged("the artifact's manifest does not have the digest that the registry names")
        return contents.decode(encoded, kind, feed, self._max_bytes)

    def _check(self, artifact: Artifact, folder: Path) -> None:
        """Raises ArtifactDamaged unless the local `folder` is the whole artifact, signed if a key is set."""
        kind, feed = _kind_and_feed(artifact)
        described = self._believed(artifact, kind, feed, (folder / MANIFEST).read_bytes())
        if self._signer is not None:
            signature = folder / SIGNATURE
            self._signer.check(artifact.digest, signature.read_text("ascii", "replace") if signature.is_file() else "")
        contents.check(described, folder, _BESIDE)

    def _is_whole(self, artifact: Artifact, folder: Path) -> bool:
        try:
            self._check(artifact, folder)
        except (ArtifactDamaged, FileNotFoundError, NotADirectoryError):
            return False
        return True


def _kind_and_feed(artifact: Artifact) -> tuple[str, str]:
    """Kind and feed of the artifact. Raises ArtifactDamaged for a path that does not belong to its digest."""
    match = _PATH.fullmatch(artifact.path)
    if match is None or match["digest"] != artifact.digest:
        raise ArtifactDamaged("the artifact's path is not one of ours")
    return match["kind"], match["feed"]
