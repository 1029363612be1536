"""Where the reference data lie, and the mark for tests that need them."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COCO_MINI = SHARED_DATA / "coco_mini"
SENTICAP = SHARED_DATA / "senticap" / "senticap_dataset.json"

needs_shared_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(),
    reason=f"the reference data (SentiCap, coco_mini) are not at {SHARED_DATA}",
)
