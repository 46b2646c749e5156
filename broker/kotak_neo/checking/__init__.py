"""Does Kotak answer as specified? A walk that reads, and what each answer is compared with."""
