"""Reports: charts as SVG, one self-contained HTML page, tables for a terminal. Plain records in."""
