"""What a plug-in gets."""

from __future__ import annotations

import pytest

from vivavoce.core.plugins import ProviderContext


def test_what_is_shared_is_made_once() -> None:
    context = ProviderContext()
    first = context.share("pool", list, lambda: [1])
    assert context.share("pool", list, lambda: [2]) is first == [1]


def test_a_key_is_shared_as_one_kind_only() -> None:
    context = ProviderContext()
    context.share("pool", list, list)
    with pytest.raises(TypeError, match="pool is shared as a list, not a dict"):
        context.share("pool", dict, dict)
