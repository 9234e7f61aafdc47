"""A derivation as a document, and its readings: text, Markdown, LaTeX, HTML, JSON, and a Python script."""

from chainrule.notation.document.building import document_of
from chainrule.notation.document.values import Document

__all__ = ["Document", "document_of"]
