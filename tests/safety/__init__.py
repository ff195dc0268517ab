"""Words of danger: labelled phrases, and how well the word lists tell them from look-alikes."""
