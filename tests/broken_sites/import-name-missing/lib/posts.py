all_posts = []
