"""What commands have counted, as a report: values, and three ways to write them.

Files of rows and of JSON become sections of tables, charts and pictures (values.py);
those are written as a page (html.py), as text for a mail (text.py), or as flat rows.

Not here: the command (cli/report.py), counting.
"""
