"""What was found, as an object, as lines of text and as a page of HTML."""
