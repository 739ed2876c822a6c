"""Which feature of the field each test stands for: a table of features, markers on tests, and a page that is made of both."""
