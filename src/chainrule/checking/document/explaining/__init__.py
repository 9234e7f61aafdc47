"""What a line that does not hold wants: its kind of slip, its repair, its matrix form, its reading if damaged."""
