"""What people see of brainstorming, as Components V2 layouts."""
