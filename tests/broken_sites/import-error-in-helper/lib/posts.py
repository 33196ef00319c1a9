
posts = {}
all_posts = posts['all']
