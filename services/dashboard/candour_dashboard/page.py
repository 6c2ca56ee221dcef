"""Rendering: a view becomes the whole page, or the event that keeps an open page current."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from candour_dashboard.view import View


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("candour_dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Page:
    """The compiled templates."""

    def __init__(self) -> None:
        templates = _environment()
        self._whole = templates.get_template("page.html")

    def whole(self, view: View) -> str:
        return self._whole.render(view=view)

    def event(self, view: View) -> str:
        """The page as one server-sent event; the script takes out of it the parts that changed."""
        lines = self.whole(view).splitlines()
        return "event: picture\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
