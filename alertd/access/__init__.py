"""Who may do what, for every face of alertd: users, tokens, certificates, how often; and the settings in force."""
