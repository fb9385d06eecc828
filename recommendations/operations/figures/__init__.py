"""What is happening, as plain figures: page, command and metrics all show the same ones."""
