"""What a person does with a site file, a journal or a recording."""
