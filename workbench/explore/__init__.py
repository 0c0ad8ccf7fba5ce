"""Looking at datasets: SQL, column statistics, chart choices."""
