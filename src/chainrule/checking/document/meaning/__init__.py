"""What a page means by its letters: its layers and samples, its functions, its forward pass and its loss."""
