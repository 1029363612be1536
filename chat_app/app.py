"""The page in the browser, from its frame down: `python -m chat_app` serves it.

`streamlit run chat_app/app.py` does as well, without warming up.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

PAGE = Path(__file__).with_name("page")

st.set_page_config("Post gallery", PAGE / "icon.svg", layout="wide")
st.html(PAGE / "style.css")
st.logo(PAGE / "icon.svg", size="large")
st.navigation(
    [
        st.Page("page/chat.py", title="Chat", icon=":material/forum:", default=True),
        st.Page("page/gallery.py", title="Gallery", icon=":material/photo_library:"),
        st.Page("page/overview.py", title="Overview", icon=":material/insights:"),
        st.Page("page/report.py", title="Report", icon=":material/labs:"),
        st.Page("page/check.py", title="Check", icon=":material/fact_check:"),
        st.Page("page/add_posts.py", title="Add posts", icon=":material/add_photo_alternate:"),
        st.Page("page/settings.py", title="Settings", icon=":material/settings:"),
    ],
    position="hidden",
).run()
