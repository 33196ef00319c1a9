all_posts = [
