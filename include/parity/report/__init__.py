"""Reports: one typed report, and its views in a terminal and in HTML, which compute nothing."""
