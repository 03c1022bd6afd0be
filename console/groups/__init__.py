"""Groups: causes of crashes, and what people decide about them."""
