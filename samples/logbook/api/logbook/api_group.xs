api_group logbook {
  description = "What happened at sea."
  canonical = "logbook"
}
