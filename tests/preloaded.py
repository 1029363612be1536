"""What a build imports or loads only when it gets there; builds are forked off whoever has it.

Threads do not survive a fork; what numpy and pyarrow start here comes back by itself.
"""

import chromadb.api.rust  # noqa: F401
import pandas as pd  # noqa: F401
import pillow_heif  # noqa: F401
import pyarrow.parquet  # noqa: F401

from retrieval.labels.language import language_of
from tests import crashing_build  # noqa: F401

language_of("a long enough sentence of some language or other")
