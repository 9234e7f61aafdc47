"""The one exception of this folder: a document that cannot be read at all."""

from __future__ import annotations


class DocumentError(ValueError):
    """A document is no text, or too long; one that is only hard to understand gets the verdict *unread* instead."""
