"""How Django writes dates and times where nobody says otherwise: the admin's detail pages."""
