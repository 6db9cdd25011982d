"""The dashboards as a console on one machine: live figures, cameras, events and history, in two languages."""
